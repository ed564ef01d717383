// Lambda looks for ES modules where NODE_PATH points, too: layers, then the SDK that comes with the runtime.
// Node.js itself does that for `require` only.
"use strict";

const nodeModule = require("node:module");
const { pathToFileURL } = require("node:url");

// `options` has "hooks" where an older Node.js is to spend a thread on it.
function searchNodePath(options) {
  const folders = (process.env.NODE_PATH ?? "").split(":").filter((folder) => folder.endsWith("/node_modules"));
  // From a file beside a node_modules folder, Node.js's own search finds what is in it.
  const parents = folders.map((folder) => pathToFileURL(folder.replace(/node_modules$/, "index.js")).href);
  if (nodeModule.registerHooks) {
    nodeModule.registerHooks({ resolve: (specifier, context, next) => resolve(specifier, context, next, parents) });
  } else if (options.includes("hooks")) {
    nodeModule.register("./hooks.mjs", pathToFileURL(__filename), { data: { parents } });
  }
}

function resolve(specifier, context, next, parents) {
  try {
    return next(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || /^(\.|\/|[a-z]+:)/.test(specifier)) throw error;
    for (const parentURL of parents) {
      try {
        return next(specifier, { ...context, parentURL });
      } catch {
        continue;
      }
    }
    throw error;
  }
}

// The SDK warns of an old Node.js; that it is not the function's own version is said elsewhere.
function keepQuietAboutAge() {
  if (process.versions.node.split(".")[0] >= 22) return;
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith("NodeVersionSupportWarning")) emit.call(process, warning, ...rest);
  };
}

module.exports = { keepQuietAboutAge, searchNodePath };
