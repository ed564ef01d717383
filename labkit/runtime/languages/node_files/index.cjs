// What Lambda starts for a Node.js function: loads the handler, then asks the Runtime API for events until the
// environment is ended.
"use strict";

const { RuntimeApi } = require("./api.cjs");
const { errorObject } = require("./errors.cjs");
const { MODERN } = require("./generation.cjs");
const modules = require("./modules.cjs");
const output = require("./output.cjs");

function main() {
  const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
  const api = new RuntimeApi(AWS_LAMBDA_RUNTIME_API);
  output.patchConsole();
  modules.searchNodePath(process.argv.splice(2));
  modules.keepQuietAboutAge();
  require("./stream.cjs").offerStreaming();
  const load = () => require("./load.cjs").load(LAMBDA_TASK_ROOT, _HANDLER);
  const giveUp = async (what, error, status) => {
    output.logFailure(what, error);
    await api.initError(errorObject(error));
    process.exit(status);
  };
  const mode = MODERN ? require("./promises.cjs") : require("./callbacks.cjs");
  return mode.run(api, load, giveUp);
}

main();
