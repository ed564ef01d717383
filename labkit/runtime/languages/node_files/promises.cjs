// nodejs24.x and later: a handler returns its answer or a promise of it; there are no callbacks.
"use strict";

const { contextOf, setTrace } = require("./context.cjs");
const { NOT_SETTLED, errorObject, fault, xrayCause } = require("./errors.cjs");
const { logFailure, setRequest } = require("./output.cjs");
const { isStreaming, serveStreaming } = require("./stream.cjs");

async function run(api, load, giveUp) {
  const runtime = new Runtime(api);
  process.on("beforeExit", () => runtime.whenEmpty());
  runtime.handler = await load().catch((error) => giveUp("Init Error", error, 1));
  for (;;) {
    const { headers, text } = await api.next();
    const context = contextOf(headers);
    setTrace(headers);
    setRequest(context.awsRequestId, context.tenantId);
    await runtime.serve(text, context);
    setRequest();
  }
}

// A class for the sake of stack traces, which show the handler as AWS's do: "at Runtime.handler".
class Runtime {
  constructor(api) {
    this.api = api;
    this.whenEmpty = () => {}; // what happens when the event loop has nothing left to do
  }

  async serve(text, context) {
    const id = context.awsRequestId;
    try {
      const event = JSON.parse(text);
      if (isStreaming(this.handler)) return await serveStreaming(this.api, this.handler, event, context);
      const answer = serialized(await Promise.race([this.handler(event, context), this.emptiness()]));
      await turn(); // a rejection that nobody handles ends the process before it can answer
      await this.api.respond(id, answer);
    } catch (error) {
      await turn();
      logFailure("Invoke Error", error);
      await this.api.invocationError(id, errorObject(error), xrayCause(error));
    }
  }

  emptiness() {
    return new Promise((_resolve, reject) => {
      this.whenEmpty = () => reject(fault("NodeJsExit", NOT_SETTLED));
    });
  }
}

function serialized(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? "null";
  } catch {
    throw fault("JSONStringifyError", "Unable to stringify response body");
  }
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

module.exports = { run };
