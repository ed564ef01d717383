// Starts a Node.js function: loads the handler, then asks the Runtime API for events until it is ended.
import http from "node:http";
import { loadHandler } from "./load.mjs";
import { errorObject, logFailure, patchConsole, setRequestId } from "./output.mjs";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const prefix = "/2018-06-01/runtime/";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const callbacks = Number(process.env.AWS_EXECUTION_ENV.match(/nodejs(\d+)/)[1]) < 24;
let current;

function call(method, path, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path: prefix + path, method, headers, agent };
    if (body !== undefined) options.headers["Content-Length"] = Buffer.byteLength(body);
    const request = http.request(options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function postError(path, failure) {
  const headers = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Function-Error-Type": failure.errorType,
  };
  return call("POST", path, headers, JSON.stringify(failure));
}

async function lastWords(kind, error, status) {
  const problem = Object.assign(new Error(String(error?.message ?? error)), { name: kind });
  problem.stack = error?.stack ?? problem.stack;
  if (kind === "Runtime.UnhandledPromiseRejection") {
    Object.assign(problem, { reason: error, promise: {}, message: String(error) });
  }
  const what = kind === "Runtime.UnhandledPromiseRejection" ? "Unhandled Promise Rejection" : "Uncaught Exception";
  const shown = kind === "Runtime.UnhandledPromiseRejection" ? problem : error;
  logFailure(what, shown);
  await postError(current ? `invocation/${current}/error` : "init/error", errorObject(shown));
  process.exit(status);
}

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const env = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers["lambda-runtime-client-context"]),
    identity: parsed(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
}

function parsed(header) {
  return header ? JSON.parse(header) : undefined;
}

// A handler with a callback answers when it calls it; by default only once nothing is left to do.
function withCallback(handler, event, context) {
  return new Promise((resolve, reject) => {
    const settle = (error, result) => {
      const act = () => (error === undefined || error === null ? resolve(result) : reject(error));
      if (context.callbackWaitsForEmptyEventLoop) process.once("beforeExit", act);
      else act();
    };
    Object.assign(context, {
      done: settle,
      succeed: (result) => settle(null, result),
      fail: (error) => settle(error ?? "handled"),
    });
    const returned = handler(event, context, settle);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
    else if (handler.length < 3) process.once("beforeExit", () => resolve(null));
  });
}

async function run(handler) {
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    const context = contextOf(headers);
    current = context.awsRequestId;
    setRequestId(current);
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
    try {
      const event = JSON.parse(body);
      const result = callbacks ? await withCallback(handler, event, context) : await handler(event, context);
      const text = JSON.stringify(result === undefined ? null : result);
      await call("POST", `invocation/${current}/response`, { "Content-Type": "application/json" }, text);
    } catch (error) {
      logFailure("Invoke Error", error);
      await postError(`invocation/${current}/error`, errorObject(error));
    }
    current = undefined;
  }
}

patchConsole();
process.on("uncaughtException", (error) => lastWords("Runtime.UncaughtException", error, 129));
process.on("unhandledRejection", (reason) => lastWords("Runtime.UnhandledPromiseRejection", reason, 128));
try {
  const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, callbacks);
  await run(handler);
} catch (error) {
  logFailure("Uncaught Exception", error);
  await postError("init/error", errorObject(error));
  process.exit(1);
}
