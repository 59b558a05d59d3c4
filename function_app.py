"""What the platform loads: registers the triggers, nothing else."""

import azure.functions as func

from functions import activity, clock, health, intake, leads, marketplace_table, preview, scoring, stats

app = func.FunctionApp()
app.register_functions(intake.blueprint)
app.register_functions(leads.blueprint)
app.register_functions(preview.blueprint)
app.register_functions(scoring.blueprint)
app.register_functions(activity.blueprint)
app.register_functions(clock.blueprint)
app.register_functions(stats.blueprint)
app.register_functions(marketplace_table.blueprint)
app.register_functions(health.blueprint)
