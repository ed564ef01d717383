// Where no mount namespace puts the runtime's modules beside the function: lets ES modules find them.
let folders = [];

export function initialize(data) {
  folders = data.folders;
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== "ERR_MODULE_NOT_FOUND" || /^[./]|^[a-z]+:/.test(specifier)) throw error;
    for (const folder of folders) {
      try {
        return await next(specifier, { ...context, parentURL: folder });
      } catch {
        continue;
      }
    }
    throw error;
  }
}
