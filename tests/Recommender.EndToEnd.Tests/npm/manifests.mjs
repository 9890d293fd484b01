// Checks Kubernetes manifests against the published schemas: node manifests.mjs FILE.yaml. Exit code 1 and a line for each fault.
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

let faults = 0;
for (const document of parseAllDocuments(readFileSync(process.argv[2], "utf8"))) {
  const manifest = document.toJS();
  const { default: models, ...named } = await import(`kubernetes-models/${manifest.apiVersion}/${manifest.kind}`);
  const Model = named[manifest.kind] ?? models[manifest.kind];
  try {
    new Model(manifest).validate();
    console.log(`${manifest.kind} ${manifest.metadata.name} is valid`);
  } catch (e) {
    faults++;
    console.error(`${manifest.kind} ${manifest.metadata.name}: ${e.message}`);
  }
}
process.exit(faults ? 1 : 0);
