// Finds and loads the handler that "path/file.export" names, as an ES module or as CommonJS.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

function problem(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

export async function loadHandler(root, text, callbacks) {
  const found = /^(.*\/)?([^./][^/]*?|\.[^./][^/]*?)\.([^/]+)$/.exec(text);
  if (text.includes("..") || !found) throw problem("Runtime.MalformedHandlerName", "Bad handler");
  const file = path.resolve(root, found[1] ?? "", found[2]);
  const module = await load(root, file, text);
  const handler = found[3].split(".").reduce((part, key) => part?.[key], module);
  if (handler === undefined) {
    throw problem("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
  }
  if (typeof handler !== "function") throw problem("Runtime.HandlerNotFound", `${text} is not a function`);
  if (!callbacks && handler.length >= 3) {
    throw problem(
      "Runtime.CallbackHandlerDeprecated",
      "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
        "Use an async handler instead.",
    );
  }
  return handler;
}

async function load(root, file, text) {
  const chosen = ["", ".js", ".mjs", ".cjs"].map((end) => file + end).find((name) => isFile(name));
  const require = createRequire(path.join(root, "index.js"));
  try {
    if (chosen === undefined) require(file);
    if (chosen.endsWith(".mjs") || (!chosen.endsWith(".cjs") && isModulePackage(path.dirname(chosen)))) {
      const module = await import(pathToFileURL(chosen));
      return "default" in module && typeof module.default === "object" ? { ...module.default, ...module } : module;
    }
    return require(chosen);
  } catch (error) {
    if (error instanceof SyntaxError) throw problem("Runtime.UserCodeSyntaxError", String(error));
    const missing = error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND";
    if (missing) throw problem("Runtime.ImportModuleError", `Error: ${hint(error.message)}`);
    throw error;
  }
}

// The SDK's clients come from a cache that may lack one: say so where the learner reads it.
function hint(message) {
  const name = /'(@aws-sdk\/[^'/]+|@smithy\/[^'/]+)/.exec(message)?.[1];
  if (name === undefined) return message;
  return `${message}\n${name} is in AWS's image but not in the local cloud's cache: run \`labkit doctor\` with npm and a network, or put it into the package.`;
}

function isFile(name) {
  try {
    return fs.statSync(name).isFile();
  } catch {
    return false;
  }
}

function isModulePackage(folder) {
  for (let here = folder; ; here = path.dirname(here)) {
    const file = path.join(here, "package.json");
    if (isFile(file)) return JSON.parse(fs.readFileSync(file, "utf8")).type === "module";
    if (here === path.dirname(here)) return false;
  }
}
