import base64

import png


def handler(event, context):
    rows, channels = png.read(base64.b64decode(event["photo"]))
    return {"width": len(rows[0]) // channels, "height": len(rows)}
