import uuid

environment = uuid.uuid4().hex[:6]      # module level: once, when the environment starts
callers = []

def handler(event, context):
    callers.append(event["name"])       # handler: in every call
    return {
        "environment": environment,
        "callers": callers,
        "stream": context.log_stream_name[-6:],
        "ms_left": context.get_remaining_time_in_millis(),
        "request": context.aws_request_id[-6:],
    }
