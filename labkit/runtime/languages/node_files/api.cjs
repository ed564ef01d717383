// The Runtime API over one kept connection. While the handler works, the connection keeps nothing alive: whether
// the function still has something to do is then the event loop's to say.
"use strict";

const net = require("node:net");

const PREFIX = "/2018-06-01/runtime/";
const END_OF_HEAD = Buffer.from("\r\n\r\n");

class RuntimeApi {
  constructor(address) {
    this.address = address;
    [, this.host, this.port] = /^(.*):(\d+)$/.exec(address);
    this.socket = undefined;
    this.waiting = undefined; // { resolve, reject } of the exchange that is under way
    this.clear();
  }

  async next() {
    const { status, headers, body } = await this.exchange("GET", "invocation/next");
    if (status !== 200) throw new Error(`The Runtime API answered ${status} to a request for the next event`);
    return { headers, text: body.toString() };
  }

  // A connection of its own, for what must be said while this one waits for the next event.
  apart() {
    return new RuntimeApi(this.address);
  }

  respond(requestId, text) {
    return this.post(`invocation/${encodeURIComponent(requestId)}/response`, text);
  }

  invocationError(requestId, error, xrayCause) {
    const headers = { "lambda-runtime-function-xray-error-cause": xrayCause };
    return this.post(`invocation/${encodeURIComponent(requestId)}/error`, JSON.stringify(error), headers);
  }

  initError(error) {
    const headers = { "lambda-runtime-function-error-type": error.errorType };
    return this.post("init/error", JSON.stringify(error), headers);
  }

  async post(path, text, headers = {}) {
    const body = Buffer.from(text);
    const all = { "content-type": "application/json", ...headers, "content-length": body.length };
    return this.exchange("POST", path, all, body);
  }

  async exchange(method, path, headers = {}, body = Buffer.alloc(0)) {
    const kept = this.socket !== undefined;
    try {
      return await this.speak(method, path, headers, body);
    } catch (error) {
      // A connection that was idle while the handler ran may have been closed by the other side.
      if (!kept) throw error;
      return this.speak(method, path, headers, body);
    }
  }

  speak(method, path, headers, body) {
    const lines = [`${method} ${PREFIX}${path} HTTP/1.1`, `host: ${this.host}:${this.port}`];
    for (const [name, value] of Object.entries(headers)) {
      lines.push(`${name}: ${String(value).replace(/[\r\n]/g, " ")}`);
    }
    const head = Buffer.from(lines.join("\r\n") + "\r\n\r\n");
    const socket = this.connection();
    socket.ref();
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      socket.write(body.length ? Buffer.concat([head, body]) : head);
    });
  }

  connection() {
    if (this.socket === undefined) {
      const socket = net.connect({ host: this.host, port: Number(this.port), noDelay: true });
      socket.on("data", (chunk) => this.take(chunk));
      socket.on("error", () => {}); // what matters is that it closes
      socket.on("close", () => this.lost(socket));
      this.socket = socket;
      this.clear();
    }
    return this.socket;
  }

  clear() {
    this.parts = []; // of the answer that is arriving
    this.length = 0;
    this.needed = 0; // no use in looking before so many bytes are here
  }

  lost(socket) {
    if (this.socket === socket) this.socket = undefined;
    this.settle("reject", new Error("The Runtime API closed the connection"));
  }

  take(chunk) {
    this.parts.push(chunk);
    this.length += chunk.length;
    if (this.length < this.needed) return;
    const data = this.parts.length === 1 ? chunk : Buffer.concat(this.parts);
    this.parts = [data];
    const answer = parse(data);
    if (answer.body === undefined) {
      this.needed = answer.needed;
      return;
    }
    this.clear();
    this.socket.unref();
    if (answer.headers.connection === "close") this.socket = undefined;
    this.settle("resolve", answer);
  }

  settle(how, value) {
    const waiting = this.waiting;
    this.waiting = undefined;
    waiting?.[how](value);
  }
}

// Status, headers (names in lower case) and body of an answer; no body while it is not complete, and how many
// bytes are needed at least.
function parse(data) {
  const end = data.indexOf(END_OF_HEAD);
  if (end < 0) return { needed: data.length + 1 };
  const [first, ...lines] = data.toString("utf8", 0, end).split("\r\n");
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const start = end + END_OF_HEAD.length;
  const chunked = headers["transfer-encoding"]?.toLowerCase() === "chunked";
  const needed = chunked ? data.length + 1 : start + Number(headers["content-length"] ?? 0);
  const body = chunked ? joined(data.subarray(start)) : whole(data, start, needed);
  return { status: Number(first.split(" ")[1]), headers, body, needed };
}

function whole(data, start, end) {
  return data.length < end ? undefined : data.subarray(start, end);
}

function joined(data) {
  const parts = [];
  for (let at = 0; ; ) {
    const end = data.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const length = parseInt(data.toString("latin1", at, end), 16);
    const next = end + 2 + length + 2;
    if (data.length < next) return undefined;
    if (length === 0) return Buffer.concat(parts);
    parts.push(data.subarray(end + 2, end + 2 + length));
    at = next;
  }
}

module.exports = { RuntimeApi };
