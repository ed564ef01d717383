def handler(event, context):
    row = event["width"] * 3  # three bytes a pixel
    photo = bytes((90, 120, 150)) * (event["width"] * event["height"])
    rows = memoryview(photo)
    turned = b"".join(rows[at : at + row] for at in range(len(photo) - row, -1, -row))
    return {"bytes": len(turned)}
