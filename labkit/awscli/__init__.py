"""The AWS CLI commands that do what recorded API calls did.

A `Recorder` watches calls through botocore's event hooks; `commands` writes them down as a person would type
them, for AWS CLI version 1 and 2 alike. Nothing here runs a command or knows what a lab is.
"""

from labkit.awscli.call import Call, Note
from labkit.awscli.command import Command, commands, script
from labkit.awscli.files import File
from labkit.awscli.recorder import Recorder

__all__ = ["Call", "Command", "File", "Note", "Recorder", "commands", "script"]
