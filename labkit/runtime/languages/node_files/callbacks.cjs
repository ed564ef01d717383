// nodejs22.x and before: a handler returns a promise, or calls back. With a callback the answer waits until the
// event loop is empty, unless the function turns that off.
"use strict";

const { contextOf, setTrace } = require("./context.cjs");
const { NOT_SETTLED, errorObject, fault, xrayCause } = require("./errors.cjs");
const { logFailure, setRequest } = require("./output.cjs");
const { isStreaming, serveStreaming } = require("./stream.cjs");

const UNCAUGHT = 129;
const UNHANDLED = 128;
const WARNING =
  "AWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24. You will need " +
  "to update this function to use an async handler to use Node.js 24 or later. For more information and to provide " +
  "feedback on this change, see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/137. To " +
  "disable this warning, set the AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING environment variable.";
const nothing = () => {};

async function run(api, load, giveUp) {
  const runtime = new Runtime(api);
  let crashed = false;
  const crash = (what, error, status) => {
    if (crashed) process.exit(status);
    crashed = true;
    if (!runtime.requestId) return giveUp(what, error, status);
    logFailure(what, error);
    return runtime.postError(error, api.apart()).finally(() => process.exit(status));
  };
  process.on("uncaughtException", (error) => crash("Uncaught Exception", error, UNCAUGHT));
  process.on("unhandledRejection", (reason, promise) => {
    const error = Object.assign(fault("UnhandledPromiseRejection", String(reason)), { reason, promise });
    return crash("Unhandled Promise Rejection", error, UNHANDLED);
  });
  process.on("beforeExit", () => runtime.whenEmpty());
  const handler = await load().catch((error) => giveUp("Uncaught Exception", error, UNCAUGHT));
  runtime.handler = handler;
  runtime.isAsync = handler.constructor.name === "AsyncFunction";
  const isCallback = handler.length === 3 && !runtime.isAsync && !isStreaming(handler);
  if (isCallback && process.env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING === undefined) console.warn(WARNING);
  await runtime.serveAll();
}

// A class for the sake of stack traces, which show the handler as AWS's do: "at Runtime.handler".
class Runtime {
  constructor(api) {
    this.api = api;
    this.requestId = undefined;
    this.whenEmpty = nothing; // what happens when the event loop has nothing left to do
  }

  async serveAll() {
    for (;;) {
      const { headers, text } = await this.api.next();
      this.requestId = headers["lambda-runtime-aws-request-id"];
      setRequest(this.requestId, headers["lambda-runtime-aws-tenant-id"]);
      await this.serve(headers, text);
      this.whenEmpty = nothing;
    }
  }

  async serve(headers, text) {
    try {
      setTrace(headers);
      const context = contextOf(headers);
      const event = JSON.parse(text);
      if (isStreaming(this.handler)) return await serveStreaming(this.api, this.handler, event, context);
      const { answer, callback, own } = this.ways(context);
      const returned = this.handler(event, own, callback);
      if (typeof returned?.then === "function") returned.then(own.succeed, own.fail);
      await this.api.respond(this.requestId, serialized(await answer));
    } catch (error) {
      logFailure("Invoke Error", error);
      await this.postError(error);
    }
  }

  postError(error, api = this.api) {
    return api.invocationError(this.requestId, errorObject(error), xrayCause(error));
  }

  // The ways in which a handler can answer, of which the first that is used counts: the callback, the context's
  // own functions, and silence until nothing is left to do.
  ways(context) {
    let resolve, reject;
    const answer = new Promise((...both) => ([resolve, reject] = both));
    let waits = true;
    const first = once();
    const settle = (error, result) => (failed(error) ? reject(error) : resolve(result));
    const callback = first((error, result) => {
      if (failed(error) || !waits) settle(error, result);
      else this.whenEmpty = () => setImmediate(resolve, result);
    });
    const own = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: first((result) => resolve(result)),
      fail: first((error) => reject(failed(error) ? error : "handled")),
      done: first(settle),
    };
    this.whenEmpty = () => (this.isAsync ? reject(fault("NodeJsExit", NOT_SETTLED)) : resolve(null));
    return { answer, callback, own: Object.assign(own, context) };
  }
}

function failed(error) {
  return error !== undefined && error !== null;
}

// Wraps functions so that only the first call of any of them counts.
function once() {
  let called = false;
  return (wrapped) =>
    (...given) => {
      if (called) return;
      called = true;
      wrapped(...given);
    };
}

function serialized(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

module.exports = { run };
