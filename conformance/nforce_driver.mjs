// nforce: sessions that are refreshed and revoked, queries with paging, records that are made, changed and deleted.
import { Truth, end, report, require, settings } from "./common.mjs";

const nforce = require("nforce");
const operation = report("nforce");
const account = await Truth.of("Account");
const contact = await Truth.of("Contact");
const task = await Truth.of("Task");

const app = {
  clientId: settings.consumer_key,
  clientSecret: settings.consumer_secret,
  redirectUri: "http://localhost:3000/oauth/_callback",
  apiVersion: "v62.0",
};
const user = { username: settings.username, password: settings.password, securityToken: settings.security_token };
const org = nforce.createConnection({ ...app, mode: "single" });
const count = async (connection, oauth) => {
  const { totalSize } = await connection.query({ query: "SELECT COUNT() FROM Account", oauth });
  if (totalSize !== account.live.length) throw new Error(`${totalSize} accounts`);
};

await operation("login: user and connected app", async () => {
  await org.authenticate(user);
  await count(org);
});
await operation("login: refresh of a dead session", async () => {
  const other = nforce.createConnection({ ...app, mode: "multi", autoRefresh: true });
  const oauth = { ...org.oauth, access_token: "00D!dead", refresh_token: settings.refresh_token };
  await count(other, oauth);
});
await operation("identity of a dead session, refreshed", async () => {
  const other = nforce.createConnection({ ...app, mode: "multi", autoRefresh: true });
  const oauth = { ...org.oauth, access_token: "00D!dead", refresh_token: settings.refresh_token };
  const identity = await other.getIdentity({ oauth });
  if (identity.username !== settings.username) throw new Error(identity.username);
});
await operation("describe", async () => {
  const { fields } = await org.getDescribe({ type: "Account" });
  for (const field of fields) if (account.types[field.name] !== field.type) throw new Error(field.name);
  return `${fields.length} fields`;
});
await operation("query with paging", async () => {
  return contact.compare((await org.query({ query: contact.soql, fetchAll: true, raw: true })).records);
});
await operation("queryAll", async () => {
  return task.compare((await org.queryAll({ query: task.soql, fetchAll: true, raw: true })).records, task.records);
});
await operation("query of an unknown field", async () => {
  const error = await org.query({ query: "SELECT Nothing__c FROM Account" }).then(() => undefined, (error) => error);
  if (error?.errorCode !== "INVALID_FIELD") throw error ?? new Error("it was answered");
});
await operation("create, update, read, delete", async () => {
  const record = nforce.createSObject("Account", { Name: "nforce" });
  const made = await org.insert({ sobject: record });
  record.set("Name", "changed");
  record.setId(made.id);
  await org.update({ sobject: record });
  const read = await org.getRecord({ sobject: record, raw: true });
  if (read.Name !== "changed") throw new Error(JSON.stringify(read));
  await org.delete({ sobject: record });
  const { totalSize } = await org.query({ query: `SELECT COUNT() FROM Account WHERE Id = '${made.id}'` });
  if (totalSize !== 0) throw new Error("it is still there");
});
await operation("limits", async () => String((await org.getLimits()).DailyApiRequests.Max));
await operation("revoke", async () => {
  const other = nforce.createConnection({ ...app, mode: "multi" });
  const oauth = await other.authenticate({ ...user, oauth: {} });
  await other.revokeToken({ token: oauth.access_token, oauth });
  const error = await count(other, oauth).then(() => undefined, (error) => error);
  if (error?.errorCode !== "INVALID_SESSION_ID") throw error ?? new Error("it is still good");
});
end();
