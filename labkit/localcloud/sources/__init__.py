"""Event sources: what makes functions run without anybody calling Invoke, and everything else that delivers.

One folder or file a source. A source finds out that something happened (from moto's models, the lesson clock
or an HTTP request) and hands it to ``targets``, which asks the permissions and delivers.
"""
