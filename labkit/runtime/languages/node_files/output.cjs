// What a function writes: console lines with time, request id and level, in text or as JSON.
"use strict";

const util = require("node:util");
const { explained, logged } = require("./errors.cjs");
const { MODERN } = require("./generation.cjs");

const JSON_FORMAT = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const METHODS = { trace: "TRACE", debug: "DEBUG", info: "INFO", log: "INFO", warn: "WARN", error: "ERROR" };
const lowest = Math.max(LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()), 0);
const OUTSIDE = MODERN ? "-" : undefined; // what stands for the request id where there is none
const current = { requestId: OUTSIDE, tenantId: undefined };

// The request whose lines are written from now on.
function setRequest(requestId = OUTSIDE, tenantId) {
  Object.assign(current, { requestId, tenantId });
}

// Gives the console Lambda's format.
function patchConsole() {
  for (const [method, level] of Object.entries(METHODS)) {
    const heard = LEVELS.indexOf(level) >= lowest;
    console[method] = heard ? (first, ...rest) => write(level, [first, ...rest]) : () => {};
  }
  console.fatal = (first, ...rest) => write("FATAL", [first, ...rest]);
}

function write(level, parts) {
  const line = JSON_FORMAT ? jsonLine(level, parts) : textLine(level, parts);
  process.stdout.write(line.replace(/\n/g, "\r") + "\n");
}

function textLine(level, parts) {
  return `${new Date().toISOString()}\t${current.requestId}\t${level}\t${util.format(...parts)}`;
}

function jsonLine(level, parts) {
  const record = { timestamp: new Date().toISOString(), level, requestId: current.requestId };
  if (current.tenantId) record.tenantId = current.tenantId;
  if (parts.length === 1) {
    try {
      return JSON.stringify({ ...record, message: parts[0] }, (_key, value) => plain(value));
    } catch {
      return JSON.stringify({ ...record, message: util.format(parts[0]) });
    }
  }
  record.message = util.format(...parts);
  return JSON.stringify({ ...record, ...described(parts.find((part) => part instanceof Error)) });
}

function plain(value) {
  return value instanceof Error ? { ...described(value), ...value } : value;
}

function described(error) {
  if (error === undefined) return {};
  const stackTrace = typeof error.stack === "string" ? error.stack.split("\n") : [];
  return { errorType: error.constructor?.name ?? "UnknownError", errorMessage: explained(error), stackTrace };
}

// The line that says why an init or an invocation failed.
function logFailure(what, error) {
  if (JSON_FORMAT) console.error(error instanceof Error ? error : new Error(error));
  else console.error(what, logged(error));
}

module.exports = { logFailure, patchConsole, setRequest };
