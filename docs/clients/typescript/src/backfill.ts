import { graphql } from "./gql/index.js";
import { http } from "./server.js";

const Backfill = graphql(`
  mutation Backfill($input: BackfillInput!) {
    backfill(input: $input) {
      __typename
      ... on Job { id number status }
      ... on SourceUnavailable { message source retryAfter }
      ... on TooManySteps { message steps limit }
      ... on Problem { message }
    }
  }
`);

const [instrument = "demo:BTC-USD"] = process.argv.slice(2);
const to = new Date(Math.floor(Date.now() / 60_000) * 60_000);
const from = new Date(to.getTime() - 600_000);
const range = { from: from.toISOString(), to: to.toISOString() };

// The same key with the same request is the same job: whoever does not know whether it went through sends it again.
const input = { instruments: [instrument], range, idempotencyKey: `example ${instrument} ${range.from}` };
const { data, error } = await http.mutation(Backfill, { input });
if (error) throw new Error(error.message); // no key, say, or not one with the role OPERATOR

const outcome = data!.backfill;
switch (outcome.__typename) {
  case "Job":
    console.log(`job ${outcome.number} is ${outcome.status}`);
    break;
  case "SourceUnavailable":
    console.log(`${outcome.source} does not answer: again in ${outcome.retryAfter ?? "some"} seconds`);
    break;
  case "TooManySteps":
    console.log(`${outcome.steps} steps where ${outcome.limit} are allowed: ask for less`);
    break;
  case "InvalidRange":
  case "JobConflict":
  case "UnknownInstrument":
    console.log(outcome.message);
    break;
  default: {
    const forgotten: never = outcome; // a new outcome is an error of the compiler here
    throw new Error(`an outcome that this program does not know: ${JSON.stringify(forgotten)}`);
  }
}
