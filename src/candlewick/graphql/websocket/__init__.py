"""The API over websockets, as the protocol graphql-transport-ws has it: frames come in, answers and events go out."""
