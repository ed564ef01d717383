"""The local cloud: one server process on 127.0.0.1. The learner's side starts it and never imports it."""

import os

# What moto must know before it is imported: AWS's managed policies exist, no web page may read
# answers, and there is one account.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
os.environ["MOTO_ACCOUNT_ID"] = "123456789012"
