// Preloaded in place of the mount that an isolated environment has: see loader.mjs.
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const folders = process.env.NODE_PATH.split(":").map((folder) => pathToFileURL(`${folder}/x/`).href);
register("./loader.mjs", import.meta.url, { data: { folders } });
