// Failures as the caller, the log and X-Ray are told of them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { MODERN } = require("./generation.cjs");

const NOT_SETTLED =
  "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise " +
  "that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes";
const NO_CALLBACKS =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need " +
  "to modify this function to use a supported handler signature to use Node.js 24 or later. For more information " +
  "see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";
const SDK_NAME = /'((?:@aws-sdk|@smithy)\/[^'/]+)/;

// One of the runtime's own errors: `kind` such as "ImportModuleError".
function fault(kind, message, options) {
  const error = new Error(message, options);
  const name = `Runtime.${kind}`;
  Object.defineProperty(error, "name", { value: name, enumerable: MODERN, configurable: true });
  Error.captureStackTrace(error, fault);
  return error;
}

function looksLikeError(value) {
  return value instanceof Error || ["name", "message", "stack"].every((key) => typeof value?.[key] === "string");
}

// What the caller gets.
function errorObject(error) {
  const clean = (text) => text?.replaceAll("\x7F", "%7F");
  try {
    if (!looksLikeError(error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
    const message = explained(error);
    const trace = (clean(error.stack) ?? "").split("\n");
    return { errorType: clean(error.name), errorMessage: clean(message), trace };
  } catch {
    const message =
      "callback called with Error argument, but there was a problem while retrieving one or more of its message, " +
      "name, and stack";
    return { errorType: "handled", errorMessage: message, trace: [] };
  }
}

// The message; where a package of the AWS SDK is missing, which AWS's image has, with what to do about it here.
function explained(error) {
  const missing = /MODULE_NOT_FOUND$/.test(error.code ?? error.cause?.code) && SDK_NAME.exec(error.message)?.[1];
  if (!missing) return error.message;
  const why = fs.existsSync(path.join(__dirname, "node_modules", "@aws-sdk"))
    ? `AWS's image has all of the AWS SDK; the local cloud has the packages that are used most, and not ${missing}`
    : "AWS's image has the AWS SDK; here npm could not install it yet (it needs a network once, when the cloud starts)";
  return `${error.message}\n${why}. Put it into the deployment package: npm install ${missing}`;
}

// What the log gets in text format: a tab and one line of JSON.
function logged(error) {
  const shown = error instanceof Error ? error : new Error(error);
  try {
    return "\t" + JSON.stringify(shown, (_key, value) => (value instanceof Error ? withDetails(value) : value));
  } catch {
    return "\t" + JSON.stringify(errorObject(shown));
  }
}

function withDetails(error) {
  const details = { errorType: error.name, errorMessage: explained(error), code: error.code, ...error };
  if (typeof error.stack === "string") details.stack = error.stack.split("\n");
  return details;
}

// What X-Ray gets.
function xrayCause(error) {
  try {
    const stack = (error.stack ?? "").split("\n").slice(1).map(frame);
    const exception = { type: error.name, message: error.message, stack };
    const paths = [...new Set(stack.map(({ path }) => path))];
    return JSON.stringify({ working_directory: process.cwd(), exceptions: [exception], paths });
  } catch {
    return "";
  }
}

function frame(line) {
  const text = line.trim().replace(/[()]/g, "").replace(/^\S+ /, "");
  const space = text.lastIndexOf(" ");
  const [path, number] = text.slice(space + 1).split(":");
  return { path, line: parseInt(number), label: text.slice(0, Math.max(space, 0)) || "anonymous" };
}

module.exports = { NO_CALLBACKS, NOT_SETTLED, errorObject, explained, fault, logged, xrayCause };
