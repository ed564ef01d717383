// What a function writes: console lines with time, request id and level, and error objects. Text or JSON.
import util from "node:util";

const json = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const order = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const least = json ? order.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? "INFO").toUpperCase()) : 0;
let requestId;

export function setRequestId(value) {
  requestId = value;
}

export function patchConsole() {
  const levels = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
  for (const [name, level] of Object.entries(levels)) console[name] = (...parts) => write(level, parts);
  console.fatal = (...parts) => write("FATAL", parts);
}

function write(level, parts) {
  if (order.indexOf(level) < least) return;
  process.stdout.write(json ? jsonLine(level, parts) : textLine(level, util.format(...parts)));
}

function textLine(level, message) {
  const line = `${new Date().toISOString()}\t${requestId}\t${level}\t${message}`;
  return line.replace(/\n/g, "\r") + "\n";
}

function jsonLine(level, parts) {
  const record = { timestamp: new Date().toISOString(), level, requestId };
  const [first] = parts;
  if (parts.length === 1 && typeof first === "object" && !(first instanceof Error)) record.message = first;
  else record.message = util.format(...parts);
  const error = parts.find((part) => part instanceof Error);
  if (error) {
    Object.assign(record, {
      errorType: error.constructor?.name ?? "UnknownError",
      errorMessage: error.message,
      stackTrace: error.stack?.split("\n") ?? [],
    });
  }
  return JSON.stringify(record) + "\n";
}

export function errorObject(error) {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  const stack = error.stack ?? "";
  return { errorType: error.name, errorMessage: error.message, trace: stack.split("\n") };
}

export function logFailure(what, error) {
  if (json) return void process.stdout.write(jsonLine("ERROR", [error]));
  const isError = error instanceof Error;
  const details = isError
    ? { errorType: error.name, errorMessage: error.message, ...own(error), stack: (error.stack ?? "").split("\n") }
    : errorObject(error);
  process.stdout.write(textLine("ERROR", `${what} \t${JSON.stringify(details)}`));
}

function own(error) {
  const { name, message, stack, ...rest } = error;
  return rest;
}
