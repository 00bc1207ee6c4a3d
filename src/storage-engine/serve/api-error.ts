/** Error types of Prometheus's HTTP API with the status code of each. */
const statusCodes = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  unavailable: 503,
  internal: 500,
  not_found: 404,
} as const;

export type ApiErrorType = keyof typeof statusCodes;

export class ApiError extends Error {
  readonly type: ApiErrorType;

  constructor(type: ApiErrorType, message: string) {
    super(message);
    this.type = type;
  }

  get statusCode(): number {
    return statusCodes[this.type];
  }
}

export function invalidParameter(name: string, reason: string): ApiError {
  return new ApiError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${reason}`);
}
