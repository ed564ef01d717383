// From the text "folder/file.export" to the handler, as an ES module or as CommonJS.
"use strict";

const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { NO_CALLBACKS, fault } = require("./errors.cjs");
const { MODERN } = require("./generation.cjs");
const { isStreaming } = require("./stream.cjs");

// In error messages the function is required by this file, as on AWS.
const requireFrom = createRequire(path.join(__dirname, "index.mjs"));

async function load(root, text) {
  const [folder, file, name] = parts(text);
  const module = await loadModule(root, folder, file);
  let handler = member(module, name);
  if (!handler && MODERN) handler = member(module?.default, name);
  if (!handler) throw fault("HandlerNotFound", `${text} is undefined or not exported`);
  if (typeof handler !== "function") throw fault("HandlerNotFound", `${text} is not a function`);
  if (MODERN && handler.length >= 3 && !isStreaming(handler)) throw fault("CallbackHandlerDeprecated", NO_CALLBACKS);
  return handler;
}

function parts(text) {
  if (text.includes("..")) {
    const advice = "Use absolute paths when specifying root directories in handler names.";
    throw fault("MalformedHandlerName", `'${text}' is not a valid handler name. ${advice}`);
  }
  const base = path.basename(text);
  const found = /^([^.]*)\.(.*)$/.exec(base);
  if (!found) throw fault("MalformedHandlerName", "Bad handler");
  return [text.slice(0, text.indexOf(base)), found[1], found[2]];
}

function member(module, name) {
  return name.split(".").reduce((part, key) => part && part[key], module);
}

async function loadModule(root, folder, file) {
  const start = path.resolve(root, folder, file);
  const found = ["", ".js", ".mjs", ".cjs"].map((end) => start + end).find(isFile);
  try {
    if (found === undefined) {
      return requireFrom(requireFrom.resolve(file, { paths: [root, path.join(root, folder)] }));
    }
    return isModule(found) ? await import(pathToFileURL(found)) : requireFrom(found);
  } catch (error) {
    if (error instanceof SyntaxError) throw syntaxFault(error);
    if (error?.code === "MODULE_NOT_FOUND") throw fault("ImportModuleError", String(error), { cause: error });
    throw error;
  }
}

function syntaxFault(error) {
  const failure = fault("UserCodeSyntaxError", String(error));
  if (MODERN) failure.stack = error.stack; // it shows the line
  return failure;
}

function isFile(name) {
  return fs.statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isModule(file) {
  if (file.endsWith(".js")) return isModulePackage(path.dirname(file));
  return file.endsWith(".mjs");
}

// Whether the nearest package.json makes its .js files ES modules.
function isModulePackage(folder) {
  if (folder.endsWith("/node_modules")) return false;
  const file = path.join(folder, "package.json");
  if (isFile(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, "utf8")).type === "module";
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return folder !== path.dirname(folder) && isModulePackage(path.dirname(folder));
}

module.exports = { load };
