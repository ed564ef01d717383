// Which of Lambda's two Node.js clients the function is meant for: up to nodejs22.x with callbacks, from 24 without.
"use strict";

const major = /nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1];
const MODERN = Number(major) >= 24;

module.exports = { MODERN };
