// Loaded into jsii's Node before anything else (stacks/cdk.py): a provider's bindings load a resource's module when the
// resource is first used. As published their index.js requires all of its 1,470 modules at once, which is most of the
// time it takes to synthesize two teams. What is exported stays the same.
"use strict";

const { readFileSync } = require("fs");
const Module = require("module");

const INDEX = /[\\/]node_modules[\\/]@cdkt[fn][\\/]provider-[a-z]+[\\/]lib[\\/]index\.js$/;
// With cdktn inside __importStar(), which hands modules of this kind on as they are.
const EAGER = /^exports\.(\w+) = (?:__importStar\()?require\("(\.\/[\w/-]+)"\)\)?;$/gm;
const compile = Module._extensions[".js"];

Module._extensions[".js"] = function (module, filename) {
  if (!INDEX.test(filename)) return compile(module, filename);
  const source = readFileSync(filename, "utf8").replace(
    EAGER,
    'Object.defineProperty(exports, "$1", { enumerable: true, configurable: true, get: () => require("$2") });',
  );
  module._compile(source, filename);
};
