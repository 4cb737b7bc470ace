import type { CodegenConfig } from "@graphql-codegen/cli";

/** How our scalars travel: as strings, which lose nothing. See README.md for what to make of each. */
const scalars = {
  BigInt: { input: "string | number", output: "string" },
  Date: "string",
  DateTime: "string",
  Decimal: { input: "string | number", output: "string" },
  Duration: "string",
};

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "src/*.ts",
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: { scalars, strictScalars: true, useTypeImports: true },
    },
  },
};

export default config;
