def place(record):
    return record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
