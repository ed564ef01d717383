import time

PARTNERS = ("weather", "place", "tides", "birds")


def ask(partner):
    time.sleep(0.2)  # stands for a partner's API
    return f"{partner}: fine"


def handler(event, context):
    return [ask(partner) for partner in PARTNERS]
