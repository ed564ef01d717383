"""APIs: HTTP requests that run functions. Function URLs, HTTP APIs and REST APIs of API Gateway.

``gateway`` takes what the front hands over, ``visit`` is one request, ``payload_v1`` and ``payload_v2`` are
the events that functions get, ``replies`` what their answers mean. Nobody needs a key to come here: who may
call is asked of each URL's and API's own permissions.
"""
