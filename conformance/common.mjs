// What the drivers of Node share: the emulator's settings, its records as they truly are, and the report of each operation.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import https from "node:https";

export const require = createRequire(process.env.CONFORMANCE_NODE_MODULES + "/");
export const settings = JSON.parse(process.env.EMULATOR_SETTINGS);
let failed = false;

/** Returns what runs the operations of a client, each reported by a line of JSON. */
export function report(client) {
  const version = JSON.parse(readFileSync(require.resolve(`${client}/package.json`))).version;
  return async (operation, action) => {
    let result = "ok", detail = "";
    try {
      detail = (await action()) ?? "";
    } catch (error) {
      console.error(error);
      [result, detail, failed] = ["failed", `${error.name}: ${error.message}`, true];
    }
    console.log(JSON.stringify({ client, version, operation, result, detail: String(detail) }));
  };
}

/** Ends the driver. */
export const end = () => process.exit(failed ? 1 : 0);

function control(path) {
  return new Promise((resolve, reject) => {
    https.get(`${settings.url}/__emulator/${path}`, { ca: readFileSync(settings.ca_file) }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece) => (text += piece)).on("end", () => resolve(JSON.parse(text)));
    }).on("error", reject);
  });
}

const hidden = (record) => record.IsDeleted || (record.IsArchived && "WhoId" in record);
const numbers = ["int", "long", "double", "currency", "percent"];

function canonical(type, value) {
  if (value === null || value === undefined || value === "") return null;
  if (numbers.includes(type)) return Number(value);
  if (type === "boolean") return value === true || value === "true";
  if (type === "datetime") return String(value).replace("+0000", "Z");
  return value;
}

export class Truth {
  static async of(name) {
    const { fields, records } = await control(`records/${name}`);
    const truth = new Truth();
    truth.types = fields;
    truth.fields = Object.keys(fields).filter((field) => !["address", "location", "base64"].includes(fields[field]));
    truth.records = records;
    truth.live = records.filter((record) => !hidden(record));
    truth.soql = `SELECT ${truth.fields.join(", ")} FROM ${name}`;
    return truth;
  }

  compare(rows, expected = this.live) {
    const seen = new Map(rows.map((row) => [row.Id, row]));
    if (seen.size !== rows.length || seen.size !== expected.length) {
      throw new Error(`${rows.length} rows, ${seen.size} ids instead of ${expected.length}`);
    }
    for (const record of expected) {
      const row = seen.get(record.Id);
      if (!row) throw new Error(`record ${record.Id} is missing`);
      for (const field of this.fields) {
        const [got, want] = [canonical(this.types[field], row[field]), canonical(this.types[field], record[field])];
        if (got !== want) throw new Error(`${record.Id}.${field}: got ${JSON.stringify(got)} instead of ${JSON.stringify(want)}`);
      }
    }
    return `${rows.length} records, ${this.fields.length} fields`;
  }
}
