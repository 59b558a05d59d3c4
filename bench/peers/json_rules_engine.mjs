// Runs ten rules over leads with json-rules-engine, as its documentation shows: one engine, one `run` a lead.
// usage: node json_rules_engine.mjs FOLDER ROUNDS < {"rules": [...], "leads": [...]}; prints answers and rounds.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, rounds] = process.argv.slice(2);
const { Engine } = createRequire(folder + "/")("json-rules-engine");
const { rules, leads } = JSON.parse(readFileSync(0, "utf8"));

const operators = { equals: "equal", in: "in", exists: "notEqual" };
const engine = new Engine([], { allowUndefinedFacts: true });
for (const { name, points, because, fact, test, value } of rules) {
  engine.addRule({
    conditions: { all: [{ fact, operator: operators[test], value: test === "exists" ? undefined : value }] },
    event: { type: name, params: { points, because } },
  });
}

async function ledgers() {
  const found = [];
  for (const lead of leads) {
    const { events } = await engine.run(lead);
    const ledger = events.map(({ type, params }) => ({ rule: type, points: params.points, because: params.because }));
    found.push({ total: ledger.reduce((sum, line) => sum + line.points, 0), ledger });
  }
  return found;
}

const answers = (await ledgers()).map(({ total, ledger }) => [total, ledger.map((line) => line.rule).sort()]);
const perSecond = [];
for (let round = 0; round < Number(rounds); round++) {
  const began = process.hrtime.bigint();
  await ledgers();
  perSecond.push(leads.length / (Number(process.hrtime.bigint() - began) / 1e9));
}
console.log(JSON.stringify({ answers, perSecond }));
