import base64

import png


def handler(event, context):
    rows, channels = png.read(base64.b64decode(event["photo"]))
    small = png.write(png.shrink(rows, channels, event["width"]), channels)
    return {"photo": base64.b64encode(small).decode()}
