"""Azure Functions host for one developer's machine, on Microsoft's own Python worker library.

`azure-functions-runtime` is the library that indexes functions, decodes their arguments and encodes
their answers in Azure (Python 3.13 and later). This package is the host
around it: the HTTP front with its keys, the timers, the Service Bus listeners, retries and settings.

It knows nothing about the app it runs. One process runs one app: the library keeps its registry in
module globals, so a reload is a restart.
"""
