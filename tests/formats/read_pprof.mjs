// read_pprof.mjs PROFILE - a profile of pprof's as text, read by pprof-format: default sample type, then a line for each
// sample: its values, its labels, its stack with the innermost frame first; `<` stands before what a frame is inlined into.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";

const profile = Profile.decode(gunzipSync(readFileSync(process.argv[2])));
const string = (index) => profile.stringTable.strings[Number(index)];
const byId = (list) => new Map(list.map((entry) => [Number(entry.id), entry]));
const functions = byId(profile.function), locations = byId(profile.location), mappings = byId(profile.mapping);

function frame(line) {
  const made = functions.get(Number(line.functionId));
  const file = string(made.filename);
  return string(made.name) + (file ? ` ${file.split("/").pop()}:${line.line}` : "");
}
function location(id) {
  const found = locations.get(Number(id));
  if (Number(found.mappingId) && !mappings.has(Number(found.mappingId))) throw new Error("location without its mapping");
  return found.line.map(frame).join(" < ");
}

console.log("default", string(profile.defaultSampleType));
console.log("types", profile.sampleType.map((type) => `${string(type.type)}/${string(type.unit)}`).join(" "));
console.log("mappings", profile.mapping.map((mapping) => `${string(mapping.filename).split("/").pop()}`).join(" "));
for (const sample of profile.sample)
  console.log(sample.value.map(Number).join(" "), "|", sample.label.map((label) => `${string(label.key)}=${string(label.str)}`).join(" "),
    "|", sample.locationId.map(location).join(" | "));
