"""Release 2: holds an index of all photos in memory, 160 MB of it."""

import app


def handler(event, context):
    print("reading the index ...")
    index = b"photo " * (160 * 1024 * 1024 // 6)
    print(f"the index has {len(index):,} bytes")
    return app.handler(event, context)
