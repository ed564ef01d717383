"""Develops a film: the machine is busy the first two times, and some films are spoilt for good."""

asked = {}


class MachineBusy(Exception):
    pass


class FilmSpoilt(Exception):
    pass


def handler(event, context):
    film = event["film"]
    if event.get("spoilt"):
        raise FilmSpoilt(f"{film} has seen the light")
    asked[film] = asked.get(film, 0) + 1
    if asked[film] <= 2:
        raise MachineBusy(f"not yet, asked {asked[film]} times")
    return {"film": film, "developed": True, "asked": asked[film]}
