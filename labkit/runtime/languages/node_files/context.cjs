// The `context` argument of a handler.
"use strict";

const { MODERN } = require("./generation.cjs");

const TRACE_FIELDS = ["traceparent", "tracestate", "baggage"];

function contextOf(headers) {
  const env = process.env;
  const clientContext = parsed(headers["lambda-runtime-client-context"], "ClientContext");
  const w3c = MODERN && Object.freeze(traceFields(clientContext));
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext,
    identity: parsed(headers["lambda-runtime-cognito-identity"], "CognitoIdentity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => headers["lambda-runtime-deadline-ms"] - Date.now(),
    ...(w3c && { w3c: () => w3c }),
  };
}

function parsed(header, name) {
  if (!header) return undefined;
  try {
    return JSON.parse(header);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

// The trace fields of a client context, taken out of it.
function traceFields(clientContext) {
  const given = clientContext?.w3c;
  delete clientContext?.w3c;
  const known = TRACE_FIELDS.filter((name) => typeof given?.[name] === "string");
  return Object.fromEntries(known.map((name) => [name, given[name]]));
}

// The trace header of the invocation goes where the X-Ray SDK looks for it.
function setTrace(headers) {
  const header = headers["lambda-runtime-trace-id"];
  if (header) process.env._X_AMZN_TRACE_ID = header;
  else delete process.env._X_AMZN_TRACE_ID;
}

module.exports = { contextOf, setTrace };
