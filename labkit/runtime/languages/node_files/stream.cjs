// Response streaming: awslambda.streamifyResponse and HttpResponseStream. What they need is loaded when they are
// used: most functions do not stream.
"use strict";

const { errorObject } = require("./errors.cjs");
const { logFailure } = require("./output.cjs");

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const HTTP_TYPE = "application/vnd.awslambda.http-integration-response";
const SEPARATOR = Buffer.alloc(8); // between the metadata of an HTTP answer and its body
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";

function offerStreaming() {
  if (["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    streamifyResponse: (handler, options) => {
      handler[STREAMING] = "response";
      if (typeof options?.highWaterMark === "number") handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      return handler;
    },
    HttpResponseStream: { from: withMetadata },
  };
}

function withMetadata(stream, metadata) {
  stream.setContentType(HTTP_TYPE);
  stream._onBeforeFirstWrite = (write) => {
    write(JSON.stringify(metadata));
    write(SEPARATOR);
  };
  return stream;
}

function isStreaming(handler) {
  return Boolean(handler[STREAMING]);
}

// Runs a streaming handler for one event; the answer leaves as it is written.
async function serveStreaming(api, handler, event, context) {
  const { stream, answered } = open(api, context.awsRequestId, handler[HIGH_WATER_MARK]);
  const fail = (error) => {
    logFailure("Invoke Error", error);
    stream.fail(errorObject(error));
    return answered;
  };
  let returned;
  try {
    returned = handler(event, stream, context);
    if (typeof returned?.then !== "function") return await fail("Streaming does not support non-async handlers.");
    const value = await returned;
    if (value !== undefined) console.warn("Streaming handlers ignore return values.");
  } catch (error) {
    return await fail(error);
  }
  if (!stream.writableEnded) return await fail("Response stream is not finished.");
  await answered;
}

function open(api, requestId, highWaterMark) {
  const http = require("node:http");
  const headers = {
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    Trailer: [ERROR_TYPE, ERROR_BODY],
    "Content-Type": "application/octet-stream",
  };
  const path = `/2018-06-01/runtime/invocation/${encodeURIComponent(requestId)}/response`;
  const options = { host: api.host, port: api.port, path, method: "POST", headers, agent: false, highWaterMark };
  const stream = http.request(options);
  const answered = new Promise((resolve, reject) => {
    stream.on("response", (answer) => answer.resume().on("end", resolve));
    stream.on("error", reject);
  });
  return { stream: dressed(stream), answered };
}

// The request, with what Lambda adds to the stream that a handler sees.
function dressed(stream) {
  const write = stream.write.bind(stream);
  const end = stream.end.bind(stream);
  let begun = false;
  const begin = () => {
    if (!begun) stream._onBeforeFirstWrite?.(write);
    begun = true;
  };
  stream.setContentType = (type) => stream.setHeader("Content-Type", type);
  stream.write = (chunk, ...rest) => {
    begin();
    return write(bytesOf(chunk), ...rest);
  };
  stream.end = (chunk, ...rest) => {
    begin();
    return chunk === undefined || typeof chunk === "function" ? end(chunk, ...rest) : end(bytesOf(chunk), ...rest);
  };
  stream.fail = (error) => {
    const body = Buffer.from(JSON.stringify(error)).toString("base64");
    stream.addTrailers({ [ERROR_TYPE]: error.errorType, [ERROR_BODY]: body });
    end();
  };
  return stream;
}

function bytesOf(chunk) {
  const ready = typeof chunk === "string" || chunk instanceof Uint8Array;
  return ready ? chunk : JSON.stringify(chunk);
}

module.exports = { isStreaming, offerStreaming, serveStreaming };
