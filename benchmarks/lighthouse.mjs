// Lighthouse at the service of lighthouse.py: a line {"address", "form", "flags"} in, a line with
// Lighthouse's report out, or {"failed": why}. One Node for all pages saves the seconds that its
// start takes; a new Chromium for each report leaves nothing compiled or cached from the one before.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// It is installed where this runs, not beside this file.
const installed = createRequire(`${process.cwd()}/`);
const load = (name) => import(pathToFileURL(installed.resolve(name)));
const { default: lighthouse, desktopConfig } = await load("lighthouse");
const { launch } = await load("chrome-launcher");

// No sandbox: CI runs as root. No name resolves, so that nothing off this machine can be asked.
const chromeFlags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

async function measure({ address, form, flags }) {
  const chromium = await launch({ chromePath: process.argv[2], chromeFlags, logLevel: "silent" });
  try {
    const config = form === "desktop" ? desktopConfig : undefined;
    const quiet = { logLevel: "error", disableFullPageScreenshot: true };
    const options = { port: chromium.port, ...quiet, ...flags };
    const { lhr } = await lighthouse(address, options, config);
    return lhr.runtimeError ? { failed: lhr.runtimeError.message } : lhr;
  } finally {
    await chromium.kill();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const report = await measure(JSON.parse(line)).catch((error) => ({ failed: String(error) }));
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
