"""The routes that triggers are bound to."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass

import azure.functions as func
from azure.functions.decorators.http import HttpTrigger


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one HTTP trigger."""

    name: str  # of the function
    method: str
    template: str  # as the platform reads it: `leads/{id}`, `marketplace/leads/{offer?}`
    auth: str  # anonymous, function, admin
    says: str  # the trigger's docstring

    @property
    def key(self) -> str:
        """How the operation is named in `OPERATIONS`."""
        return f"{self.method} {self.template}"


def routes_of(blueprints: Iterable[func.Blueprint]) -> tuple[Route, ...]:
    """Every route, in the order of registration. An app of its own reads them: one can only be asked once."""
    app = func.FunctionApp()
    for blueprint in blueprints:
        app.register_functions(blueprint)
    return tuple(route for function in app.get_functions() for route in _routes(function))


def _routes(function: func.Function) -> list[Route]:
    name, trigger = function.get_function_name(), function.get_trigger()
    if not isinstance(trigger, HttpTrigger) or name is None or trigger.route is None:
        return []
    says = inspect.getdoc(function.get_user_function()) or ""
    auth = str(trigger.auth_level.value if trigger.auth_level else "function").lower()
    return [Route(name, method.value, trigger.route, auth, says) for method in trigger.methods or ()]
