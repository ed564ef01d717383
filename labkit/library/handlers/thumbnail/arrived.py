from urllib.parse import unquote_plus

def place(record):
    bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
    return bucket, unquote_plus(key)
