"""HTTP functions of every kind: levels, methods, routes, answers, and failures."""  # noqa: INP001 - an app's root is no package

import asyncio
import json
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="echo/{id:int?}", methods=["GET", "POST"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route(route="mirror", methods=["POST"])
def mirror(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.get_body(), status_code=201, mimetype="application/octet-stream")


@app.route(route="text")
def text(req: func.HttpRequest) -> str:
    return "plain text: grün"


@app.route(route="answer")
async def answer(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"X-Custom": "yes", "Content-Type": "text/csv", "Content-Length": "1"}
    response = func.HttpResponse("a;b", status_code=418, headers=headers)
    response.headers.add("Set-Cookie", "first=1; Path=/; HttpOnly; SameSite=Lax")
    response.headers.add("Set-Cookie", 'second="two words"; Max-Age=60; Secure')
    return response


@app.route(route="boom")
async def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("the reason")


@app.route(route="boom_sync")
def boom_sync(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("the reason")


@app.route(route="nothing")
async def nothing(req: func.HttpRequest):
    return None


@app.route(route="slow")
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    print("slow began", flush=True)
    await asyncio.sleep(float(req.params["seconds"]))
    return func.HttpResponse("finished")


@app.route(route="slow_sync")
def slow_sync(req: func.HttpRequest) -> func.HttpResponse:
    print("slow began", flush=True)
    time.sleep(float(req.params["seconds"]))
    return func.HttpResponse("finished")


@app.route(route="context")
async def context(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return func.HttpResponse(f"{context.function_name} {context.invocation_id}")


@app.route(route="locked", auth_level=func.AuthLevel.FUNCTION)
async def locked(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")


@app.route(route="locked_too", auth_level=func.AuthLevel.FUNCTION)
async def locked_too(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")


@app.route(route="admins", auth_level=func.AuthLevel.ADMIN)
async def admins(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")


@app.route(route="files/{*path}")
async def files(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params.get("path", "(none)"))


@app.route(route="files/special")
async def special(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("special")
