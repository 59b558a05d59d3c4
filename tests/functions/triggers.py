"""The functions of the app by their names; the app tells them once a process."""

import function_app

TRIGGERS = {function.get_function_name(): function for function in function_app.app.get_functions()}
