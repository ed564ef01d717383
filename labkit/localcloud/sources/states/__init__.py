"""Step Functions: moto's interpreter, on the lesson clock and with the role of the state machine.

moto keeps the state machines and interprets them in threads. Here those threads get a clock that a lesson
moves (`waiting`), and make their calls with the state machine's role (`calls`); what they do wrongly is put
right (`mended`), and the API around them keeps what it is told (`operations`, `definitions`, `settings`).
"""
