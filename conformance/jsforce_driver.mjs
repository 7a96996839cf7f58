// jsforce: three ways to sign in, describes, queries with relationships, both Bulk APIs.
import { Truth, end, report, require, settings } from "./common.mjs";

const jsforce = require("jsforce");
const operation = report("jsforce");
const domain = settings.my_domain_url;
const proxy = { httpProxy: settings.proxy_url };

const account = await Truth.of("Account");
const contact = await Truth.of("Contact");
const task = await Truth.of("Task");

async function collect(stream) {
  const rows = [];
  for await (const row of stream) rows.push(row);
  return rows;
}

async function signIn(options, login) {
  const connection = new jsforce.Connection({ version: "62.0", ...proxy, ...options });
  if (login) await login(connection);
  const answer = await connection.query("SELECT COUNT() FROM Account");
  if (answer.totalSize !== account.live.length) throw new Error(`${answer.totalSize} accounts`);
  return connection;
}

const password = settings.password + settings.security_token;
let connection;
await operation("login: user, password, security token", async () => {
  connection = await signIn({ loginUrl: "https://login.salesforce.com" }, (c) => c.login(settings.username, password));
});
await operation("login: user and connected app", async () => {
  const oauth2 = { loginUrl: domain, clientId: settings.consumer_key, clientSecret: settings.consumer_secret, ...proxy };
  await signIn({ oauth2 }, (c) => c.login(settings.username, password));
});
await operation("login: access token", () => signIn({ instanceUrl: domain, accessToken: settings.access_token }).then(() => ""));
await operation("login: refresh of a dead session", async () => {
  const oauth2 = { loginUrl: domain, clientId: settings.consumer_key, clientSecret: settings.consumer_secret, ...proxy };
  await signIn({ oauth2, instanceUrl: domain, accessToken: "00D!dead", refreshToken: settings.refresh_token });
});
await operation("identity", async () => {
  const identity = await connection.identity();
  if (identity.username !== settings.username) throw new Error(identity.username);
});
await operation("describe global", async () => {
  const { sobjects } = await connection.describeGlobal();
  if (!sobjects.some((entry) => entry.name === "Account")) throw new Error("no Account");
});
await operation("describe", async () => {
  const { fields } = await connection.sobject("Account").describe();
  for (const field of fields) if (account.types[field.name] !== field.type) throw new Error(field.name);
  return `${fields.length} fields`;
});
await operation("query with paging, by events", async () => {
  const rows = [];
  await new Promise((resolve, reject) => {
    const query = connection.query(contact.soql);
    query.on("record", (record) => rows.push(record)).on("end", resolve).on("error", reject);
    query.run({ autoFetch: true, maxFetch: 100000 });
  });
  return contact.compare(rows);
});
await operation("query with relationships", async () => {
  const { records } = await connection.query("SELECT Id, Account.Name, Account.Owner.Username FROM Contact", { autoFetch: true, maxFetch: 100000 });
  const parents = new Map(account.records.map((record) => [record.Id, record]));
  const children = new Map(contact.live.map((record) => [record.Id, record]));
  for (const row of records) {
    const want = parents.get(children.get(row.Id).AccountId)?.Name ?? null;
    if ((row.Account?.Name ?? null) !== want) throw new Error(row.Id);
  }
  if (records.length !== contact.live.length) throw new Error(`${records.length} records`);
  return `${records.length} records`;
});
await operation("queryAll", async () => {
  const { records } = await connection.query(task.soql, { autoFetch: true, maxFetch: 100000, scanAll: true });
  return task.compare(records, task.records);
});
await operation("find with conditions", async () => {
  const rows = await connection.sobject("Account").find({ Industry: { $ne: null } }, ["Id", "Industry"]).execute({ autoFetch: true, maxFetch: 100000 });
  const want = account.live.filter((record) => record.Industry !== null).length;
  if (rows.length !== want) throw new Error(`${rows.length} instead of ${want}`);
  return `${rows.length} records`;
});
await operation("bulk v1 query", async () => {
  connection.bulk.pollInterval = 50;
  connection.bulk.pollTimeout = 60000;
  return contact.compare(await collect(await connection.bulk.query(contact.soql)));
});
await operation("bulk2 query", async () => {
  connection.bulk2.pollInterval = 50;
  connection.bulk2.pollTimeout = 60000;
  return account.compare(await collect(await connection.bulk2.query(account.soql)));
});
await operation("bulk2 queryAll", async () => {
  return task.compare(await collect(await connection.bulk2.query(task.soql, { scanAll: true, pollInterval: 50 })), task.records);
});
await operation("query of an unknown field", async () => {
  const error = await connection.query("SELECT Nothing__c FROM Account").then(() => undefined, (error) => error);
  if (error?.errorCode !== "INVALID_FIELD") throw error ?? new Error("it was answered");
});
await operation("limits", async () => String((await connection.limits()).DailyApiRequests.Max));
end();
