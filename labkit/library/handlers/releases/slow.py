"""Release 2: asks a partner first, who takes a second and a half to answer."""

import time

import app


def handler(event, context):
    print("asking the partner ...")
    time.sleep(1.5)
    print("the partner has answered")
    return app.handler(event, context)
