"""Runs function code as Lambda does. Knows no boto3 and no moto: descriptions, payloads, reports."""
