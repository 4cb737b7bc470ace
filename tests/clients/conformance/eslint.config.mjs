// What a schema should look like: npx eslint schema.graphql. What it leaves alone, the schema's own head says.
import plugin from "@graphql-eslint/eslint-plugin";

const described = ["FieldDefinition", "InputValueDefinition", "EnumValueDefinition", "DirectiveDefinition"];

export default [
  {
    files: ["*.graphql"],
    languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: { "@graphql-eslint": plugin },
    rules: {
      ...plugin.configs["flat/schema-recommended"].rules,
      ...plugin.configs["flat/schema-relay"].rules,
      "@graphql-eslint/require-description": [
        "error",
        { types: true, rootField: true, ...Object.fromEntries(described.map((kind) => [kind, true])) },
      ],
      "@graphql-eslint/require-deprecation-date": "error",
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      "@graphql-eslint/require-type-pattern-with-oneof": "off", // outcomes are unions
    },
  },
];
