"""Event source mappings at work: what reads queues and streams and invokes functions with what it finds.

``pollers`` keeps one poller for each mapping; ``queue`` and ``stream`` are the two kinds. The modules that
start with ``moto_`` are the only ones that know moto's models. Settings are ``functions.mappings``'.
"""
