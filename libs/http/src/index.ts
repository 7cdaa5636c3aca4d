export * from './body.ts';
export { BASE_PATH, methodsOf, PATHS } from './contract/paths.ts';
export {
  ApplicationBody,
  BatchBody,
  ChatBody,
  MessageBody,
  NewChatBody,
  SearchBody,
  SearchQuery,
} from './contract/schemas.ts';
export { NORMAL_PATH, REFUSAL_OF_PATH } from './normal-path.ts';
export * from './observability.ts';
export * from './operations.ts';
export { numberLinks, numberPage, pageLimit, tokenLinks, tokenPage } from './paging.ts';
export * from './params.ts';
export { problemResponse, RequestProblem } from './problem.ts';
export * from './program.ts';
export { queryOf, refuseQuery, wrongQuery } from './query.ts';
export * from './server.ts';
export * from './validation.ts';
