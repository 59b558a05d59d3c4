"""What the platform loads: registers the triggers, nothing else."""

import azure.functions as func

from functions import (
    activity,
    clock,
    erasure,
    health,
    intake,
    leads,
    marketplace_import,
    openapi,
    preview,
    scoring,
    spill,
    stats,
)

BLUEPRINTS = [
    intake.blueprint,
    leads.blueprint,
    preview.blueprint,
    scoring.blueprint,
    activity.blueprint,
    spill.blueprint,
    clock.blueprint,
    stats.blueprint,
    erasure.blueprint,
    marketplace_import.blueprint,
    health.blueprint,
]
BLUEPRINTS.append(openapi.openapi_blueprint(tuple(BLUEPRINTS)))

app = func.FunctionApp()
for blueprint in BLUEPRINTS:
    app.register_functions(blueprint)
